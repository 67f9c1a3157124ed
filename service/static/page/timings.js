// How long the service's stages took, by its `Server-Timing`.

export class Timings {
  #bar;
  #list;
  #note;
  #hint;

  constructor({ bar, list, note, hint }) {
    this.#bar = bar;
    this.#list = list;
    this.#note = note;
    this.#hint = hint;
  }

  /**
   * @param {{name: string, ms: number}[]} stages `total` among them
   * @param {number} roundTripMs as the browser saw it
   */
  show(stages, roundTripMs) {
    const total = stages.find((stage) => stage.name === "total")?.ms ?? roundTripMs;
    const parts = stages.filter((stage) => stage.name !== "total");
    this.#note.textContent = `${text(total)}, round trip ${text(roundTripMs)}`;
    this.#hint.hidden = parts.reduce((sum, { ms }) => sum + ms, 0) <= total;
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
