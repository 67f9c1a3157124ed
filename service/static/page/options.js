// What a request asks for: model, scales, flip and label set, from the form to parameters.

export class Options {
  #form;
  #models = [];
  #labelSets = new Map();

  /** @param {() => void} onChange called when anything has been changed by hand */
  constructor(form, onChange) {
    this.#form = form;
    form.addEventListener("change", (event) => {
      if (event.target.name === "model") this.#followModel();
      onChange();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Offer what is served. */
  offer({ models, labelSets }) {
    this.#models = models;
    this.#labelSets = labelSets;
    const { model, label_set: labelSet } = this.#form.elements;
    model.replaceChildren(...models.map(({ name }) => new Option(name)));
    const sets = [...labelSets.values()];
    labelSet.replaceChildren(...sets.map(({ name, title }) => new Option(title, name)));
    model.value = this.#default.name;
    this.#followModel();
  }

  /** Classes of the label set that answers come in. */
  get classes() {
    return this.#labelSets.get(this.#form.elements.label_set.value).classes;
  }

  /**
   * Only what differs from what the service would do anyway, so that snippets stay short.
   *
   * @param {number[][]} boxes of persons
   * @param {boolean} isFinding whether the service is to find them instead
   */
  parameters(boxes, isFinding) {
    const { model, label_set: labelSet, scales, flip } = this.#form.elements;
    const chosen = this.#model;
    const asked = new URLSearchParams();
    if (chosen.name !== this.#default.name) asked.set("model", chosen.name);
    if (labelSet.value !== chosen.label_set) asked.set("label_set", labelSet.value);
    const text = scales.value.replaceAll(/\s/g, "");
    if (text !== "" && text !== scalesOf(chosen)) asked.set("scales", text);
    if (flip.checked) asked.set("flip", "true");
    if (isFinding) asked.set("boxes", "auto");
    else if (boxes.length > 0) asked.set("boxes", JSON.stringify(boxes));
    return asked;
  }

  get #default() {
    return this.#models.find((model) => model.is_default) ?? this.#models[0];
  }

  get #model() {
    return this.#models.find((model) => model.name === this.#form.elements.model.value);
  }

  /** A model has scales and a label set of its own. */
  #followModel() {
    this.#form.elements.scales.value = scalesOf(this.#model);
    this.#form.elements.label_set.value = this.#model.label_set;
  }
}

function scalesOf(model) {
  return Object.keys(model.scales).sort((one, other) => one - other).join(",");
}
