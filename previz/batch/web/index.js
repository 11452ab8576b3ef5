"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const list = document.querySelector("main");
  const shots = [...list.querySelectorAll("article")];
  const [text, status, tag, sort, count] = ["text", "status", "tag", "sort", "count"].map(find);
  find("tools").hidden = false;

  const shown = () => shots.filter((shot) => !shot.hidden);
  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const shot of shots) {
      const told = shot.textContent.toLowerCase();
      shot.hidden =
        !words.every((word) => told.includes(word)) ||
        (status.value !== "" && shot.dataset.status !== status.value) ||
        (tag.value !== "" && !JSON.parse(shot.dataset.tags).includes(tag.value));
    }
    count.textContent = `${shown().length} of ${shots.length}`;
  }
  function order() {
    const [key, way] = sort.value.split(" ");
    const value = (shot) => (shot.dataset[key] === "" ? null : shot.dataset[key]);
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return (x === null) - (y === null); // what has no figure comes last
      const apart = key === "name" ? x.localeCompare(y, undefined, { numeric: true }) : x - y;
      return way === "down" ? -apart : apart;
    };
    for (const shot of [...shots].sort(compare)) list.append(shot);
  }
  for (const field of [text, status, tag]) field.addEventListener("input", filter);
  sort.addEventListener("input", order);

  // All clips that are shown, one after the other, in the order of the page.
  const theatre = find("theatre");
  const [player, title] = [theatre.querySelector("video"), theatre.querySelector("p")];
  let queue = [];
  function next() {
    const shot = queue.shift();
    if (!shot) return close();
    title.textContent = shot.dataset.name;
    player.src = shot.querySelector("video").getAttribute("src");
    player.play().catch(() => {});
  }
  function close() {
    player.pause();
    theatre.hidden = true;
  }
  find("play").addEventListener("click", () => {
    queue = [...list.querySelectorAll("article")].filter((shot) => !shot.hidden && shot.querySelector("video"));
    theatre.hidden = queue.length === 0;
    next();
  });
  player.addEventListener("ended", next);
  player.addEventListener("error", next);
  theatre.querySelector("button").addEventListener("click", close);
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  filter();
})();
