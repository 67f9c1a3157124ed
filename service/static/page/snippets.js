// The request that the page made, as code to take along.

const WRITERS = { curl, python, javascript };

/**
 * @param {"curl" | "python" | "javascript"} language
 * @param {{url: string, parameters: URLSearchParams, name: string, hasKey: boolean}} request
 */
export function snippet(language, request) {
  return WRITERS[language](request);
}

function curl({ url, parameters, name, hasKey }) {
  // Commas need no escape in a query, and scales read better with them.
  const query = parameters.toString().replaceAll("%2C", ",");
  const key = hasKey ? ` \\\n  -H "Authorization: Bearer $LIMN_KEY"` : "";
  const target = shell(query ? `${url}?${query}` : url);
  return `curl --data-binary ${shell(`@${name}`)}${key} \\\n  ${target} \\\n  > mask.png`;
}

function python({ url, parameters, name, hasKey }) {
  const query = [...parameters].map(([field, value]) => `${quoted(field)}: ${quoted(value)}`);
  const key = hasKey ? `, "Authorization": "Bearer " + os.environ["LIMN_KEY"]` : "";
  return [
    ...(hasKey ? ["import os"] : []),
    "from pathlib import Path",
    "from urllib.parse import urlencode",
    "from urllib.request import Request, urlopen",
    "",
    `parameters = {${query.join(", ")}}`,
    "request = Request(",
    `    ${quoted(`${url}?`)} + urlencode(parameters),`,
    `    data=Path(${quoted(name)}).read_bytes(),`,
    `    headers={"Content-Type": "application/octet-stream"${key}},`,
    ")",
    "with urlopen(request) as response:",
    `    Path("mask.png").write_bytes(response.read())`,
  ].join("\n");
}

function javascript({ url, parameters, name, hasKey }) {
  const query = [...parameters].map(([field, value]) => `${field}: ${quoted(value)}`);
  const key = hasKey
    ? ["  headers: { Authorization: `Bearer ${process.env.LIMN_KEY}` },"]
    : [];
  return [
    `import { readFile, writeFile } from "node:fs/promises";`,
    "",
    `const parameters = new URLSearchParams({${query.length ? ` ${query.join(", ")} ` : ""}});`,
    `const response = await fetch(${quoted(`${url}?`)} + parameters, {`,
    `  method: "POST",`,
    ...key,
    `  body: await readFile(${quoted(name)}),`,
    "});",
    `await writeFile("mask.png", Buffer.from(await response.arrayBuffer()));`,
  ].join("\n");
}

/** JSON's strings are strings in Python and JavaScript too. */
function quoted(text) {
  return JSON.stringify(text);
}

function shell(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
