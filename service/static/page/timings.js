// How long the service's stages took, by its `Server-Timing`; cores that work side by side add up.

export class Timings {
  #bar;
  #list;
  #note;

  constructor(bar, list, note) {
    this.#bar = bar;
    this.#list = list;
    this.#note = note;
  }

  /**
   * @param {{name: string, ms: number}[]} stages `total` among them
   * @param {number} roundTripMs as the browser saw it
   */
  show(stages, roundTripMs) {
    const total = stages.find((stage) => stage.name === "total")?.ms ?? roundTripMs;
    const parts = stages.filter((stage) => stage.name !== "total");
    this.#note.textContent = `${text(total)}, round trip ${text(roundTripMs)}`;
    this.#bar.replaceChildren(...parts.map(piece));
    this.#list.replaceChildren(...parts.flatMap(line));
  }
}

function piece({ name, ms }) {
  const element = document.createElement("i");
  element.title = name;
  element.style.flexGrow = ms;
  return element;
}

function line({ name, ms }) {
  return [["dt", name], ["dd", text(ms)]].map(([tag, content]) => {
    const element = document.createElement(tag);
    element.textContent = content;
    return element;
  });
}

function text(ms) {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
