"use strict";
// Tables sort, filter and link. What is folded is put into the page when it is asked for. Plots are drawn when the
// browser has time, so that all are there when the page is printed.

const value = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.value === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.value);
};

const before = (one, other) => {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one === "number") return -1;
  if (typeof other === "number") return 1;
  return one.localeCompare(other, "en", { numeric: true });
};

const sort = (head) => {
  const table = head.closest("table"), body = table.tBodies[0];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...body.rows].map((row) => [value(row, head.cellIndex), row]);
  rows.sort(([one], [other]) => (down ? -1 : 1) * before(one, other));
  body.append(...rows.map(([, row]) => row));
};

const filter = (input) => {
  const figure = input.closest("figure"), words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of figure.querySelector("tbody").rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  figure.querySelector("output").textContent = words.length ? `${shown} rows` : "";
};

const copy = async (text, button) => {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    button.textContent = "select and copy by hand"; // a page from a file may not use the clipboard everywhere
  }
};

// One listener for all, those that are still folded among them.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.classList.contains("sort")) sort(button.closest("th"));
  if (button?.classList.contains("copy")) copy(button.dataset.copy, button);
  if (event.target.closest("a.link")) navigator.clipboard?.writeText(event.target.closest("a").href).catch(() => {});
});
document.addEventListener("input", (event) => {
  if (event.target.classList.contains("filter")) filter(event.target);
});

// Every row has a link of its own, by its place in the table as it was written.
const link = (place) => {
  for (const figure of place.querySelectorAll("figure.grid")) {
    const head = figure.querySelector("thead tr"), last = document.createElement("th");
    last.scope = "col";
    last.innerHTML = '<span class="hidden">link</span>';
    head.append(last);
    [...figure.querySelector("tbody").rows].forEach((row, number) => {
      row.id = `${figure.id}-${number + 1}`;
      const cell = row.insertCell(), anchor = document.createElement("a");
      anchor.className = "link";
      anchor.href = `#${row.id}`;
      anchor.textContent = "#";
      anchor.setAttribute("aria-label", `Link to row ${number + 1}`);
      cell.append(anchor);
    });
  }
};
link(document);

const unpacked = async (name) => {
  const bytes = Uint8Array.from(atob(document.getElementById(name).textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};

const folds = unpacked("folds").then(JSON.parse);
const fill = async (fold) => {
  if (fold.dataset.filled) return;
  fold.dataset.filled = "yes";
  const place = document.createElement("div");
  place.innerHTML = (await folds)[fold.id];
  link(place);
  fold.append(place);
  watch(place);
};

const plots = unpacked("plots").then(JSON.parse);
let library;
const draw = async (drawing) => {
  if (drawing.dataset.drawn) return;
  drawing.dataset.drawn = "yes";
  try {
    library ??= unpacked("library").then((text) => {
      const script = document.createElement("script");
      script.textContent = text;
      document.head.append(script);
    });
    await library;
    await window.vegaEmbed(drawing, (await plots)[drawing.id], { actions: false, renderer: "svg" });
    // What it shows is said of it as a whole, not mark by mark.
    drawing.querySelector("svg").setAttribute("aria-hidden", "true");
  } catch (error) {
    drawing.textContent = `This browser cannot draw the plot (${error}); the tables hold its numbers.`;
  }
};

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, { rootMargin: "300px" });
const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 50));
const watch = (place) => {
  const drawings = [...place.querySelectorAll(".drawing")];
  drawings.forEach((drawing) => seen.observe(drawing));
  const next = () => {
    const drawing = drawings.shift();
    if (drawing) draw(drawing).then(() => idle(next));
  };
  idle(next);
  for (const fold of place.querySelectorAll("details.folded")) {
    fold.addEventListener("toggle", () => fold.open && fill(fold));
  }
};
watch(document);

// What a link leads to is unfolded, however deep it lies.
const lead = async () => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (!name) return;
  const within = (fold) => fold.dataset.anchors?.split(" ").some((one) => name === one || name.startsWith(`${one}-`));
  for (let fold; (fold = [...document.querySelectorAll("details.folded:not([data-filled])")].find(within)); ) {
    await fill(fold);
    fold.open = true;
  }
  const target = document.getElementById(name);
  for (let place = target; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  target?.scrollIntoView();
};
window.addEventListener("hashchange", lead);
lead();
