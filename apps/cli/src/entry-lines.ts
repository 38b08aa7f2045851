import { grouped } from "./console.ts";

/** `key: value`, nested objects indented below their key. */
export function entryLines(key: string, value: unknown, indent = ""): string[] {
  if (typeof value !== "object" || value === null) return [`${indent}${key}: ${scalarText(value)}`];
  if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
    return [`${indent}${key}: ${listText(value)}`];
  if (key === "history" && Array.isArray(value))
    return [`${indent}${key}: figures of ${grouped(value.length)} epochs (--json has them)`];
  return [
    `${indent}${key}:`,
    ...Object.entries(value).flatMap(([inner, item]) => entryLines(inner, item, `${indent}  `)),
  ];
}

/** Longer lists and texts are cut; `--json` has them whole. */
const SHOWN_ITEMS = 20;
const SHOWN_TEXT = 100;

function listText(items: readonly unknown[]): string {
  if (items.length <= SHOWN_ITEMS) return `[${items.join(", ")}]`;
  return `[${items.slice(0, SHOWN_ITEMS).join(", ")}, ... (${grouped(items.length)} in all)]`;
}

function scalarText(value: unknown): string {
  if (typeof value === "number" && Number.isInteger(value)) return grouped(value);
  const text = String(value);
  return text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)} ... (${grouped(text.length)} characters)` : text;
}
