import type { Results } from "../results.ts";
import type { Size } from "../sizes.ts";
import { markdownTable } from "./markdown.ts";

/** What has to be loaded; nothing where it was not measured. */
export function sizeSections({ sizes }: Pick<Results, "sizes">): string[] {
  if (sizes.length === 0) return [];
  return [
    "## Bytes to load",
    "Files that are sent one by one, each compressed by itself: gzip at level 9, brotli at quality 11.",
    sizeTable(sizes),
  ];
}

export function sizeTable(sizes: readonly Size[]): string {
  const bytes = (count: number): string => count.toLocaleString("en");
  const rows = sizes.map(({ what, raw, gzip, brotli }) => [what, bytes(raw), bytes(gzip), bytes(brotli)]);
  return markdownTable(["", "bytes", "gzip", "brotli"], rows);
}
