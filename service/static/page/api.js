// What the page asks of the service, and what went wrong in words.

/** A request that failed: `title`, `detail` and `fields` are for people. */
export class Problem extends Error {
  constructor(document) {
    super(document.title);
    this.slug = document.type?.split(":").at(-1) ?? "unknown";
    this.title = document.title;
    this.detail = document.detail ?? "";
    this.fields = document.errors ?? [];
    this.requestId = document.request_id ?? "";
    /** Whether the same question may be answered later. */
    this.isPassing = document.status === 408 || document.status === 429 || document.status >= 500;
    this.retryAfterS = Number(document.retryAfterS) || 0;
  }
}

const AWAY = {
  status: 503,
  title: "The service cannot be reached",
  detail: "It may have been stopped, or the network is down. Photo and settings are still here.",
};

let key = "";

/** Use this key from now on; the page forgets it when it is closed. */
export function useKey(text) {
  key = text.trim();
}

export function hasKey() {
  return key !== "";
}

/** Address of a path of the service, wherever it is mounted. */
export function address(path) {
  return new URL(path, document.baseURI).href;
}

/** Everything that is served: models, and label sets by name. */
export async function catalogue() {
  const [{ models }, { label_sets: sets }] = await Promise.all(
    ["v1/models", "v1/label-sets"].map(async (path) => (await ask(path)).json()),
  );
  return { models, labelSets: new Map(sets.map((set) => [set.name, set])) };
}

/**
 * Send a photo.
 *
 * @param {Blob} photo
 * @param {URLSearchParams} parameters of `/v1/parse`
 * @returns {Promise<{blob: Blob, stages: {name: string, ms: number}[], found: number[][] | null}>}
 *   `found` are the boxes of the persons that the service was to find
 */
export async function parse(photo, parameters, signal) {
  const path = `v1/parse?${parameters}`;
  const response = await ask(path, { method: "POST", body: photo, signal });
  return {
    blob: await response.blob(),
    stages: stagesOf(response.headers.get("Server-Timing")),
    found: JSON.parse(response.headers.get("X-Person-Boxes")),
  };
}

/** The photo that a newcomer tries. */
export async function sample() {
  return (await ask("static/page/astronaut.jpg")).blob();
}

async function ask(path, options = {}) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  let response;
  try {
    response = await fetch(address(path), { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(AWAY);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response) {
  const retryAfterS = response.headers.get("Retry-After");
  try {
    return new Problem({ ...(await response.json()), retryAfterS });
  } catch {
    // Something between here and the service answered.
    const { status } = response;
    return new Problem({ status, title: `The service answered ${status}`, retryAfterS });
  }
}

function stagesOf(header) {
  return (header ?? "").split(",").flatMap((entry) => {
    const found = /^\s*([\w-]+);dur=([\d.]+)/.exec(entry);
    return found ? [{ name: found[1], ms: Number(found[2]) }] : [];
  });
}
