/** Makes and finds elements; text always goes in as text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | number | null | undefined | false} Part
 * @typedef {Record<string, string | number | boolean | undefined>} Attributes
 */

/** @param {Element} element @param {Attributes} attributes @param {readonly Part[]} parts */
function fill(element, attributes, parts) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...parts.filter((part) => part !== null && part !== undefined && part !== false).map(asNode),
  );
}

/** @param {Node | string | number | true} part */
function asNode(part) {
  return part instanceof Node ? part : String(part);
}

/**
 * An HTML element.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {Attributes} [attributes] @param {...Part} parts
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function html(name, attributes = {}, ...parts) {
  const element = document.createElement(name);
  fill(element, attributes, parts);
  return element;
}

/** An SVG element. @param {string} name @param {Attributes} [attributes] @param {...Part} parts */
export function svg(name, attributes = {}, ...parts) {
  const element = document.createElementNS(SVG, name);
  fill(element, attributes, parts);
  return element;
}

/**
 * The element with an id.
 *
 * @template {HTMLElement} Kind
 * @param {string} id @param {new () => Kind} kind @returns {Kind}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/**
 * Writes a table's rows anew where their text has changed, and leaves the others alone: a selection, or a
 * screen reader's place, survives.
 *
 * @param {HTMLTableSectionElement} body @param {readonly (readonly string[])[]} rows the first text of each is its heading
 */
export function writeRows(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  for (const [index, texts] of rows.entries()) {
    const row = body.rows[index] ?? body.insertRow();
    for (const [place, text] of texts.entries()) {
      let cell = row.cells[place];
      if (!cell) {
        cell = place === 0 ? html("th", { scope: "row" }) : html("td");
        row.append(cell);
      }
      if (cell.textContent !== text) cell.textContent = text;
    }
  }
}
