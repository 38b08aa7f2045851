// docs/edge.md: its figures are those that were measured, and still hold.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cHeader } from "@isthmus/deploy";
import { readBundle } from "@isthmus/edge";
import { expect, it } from "vitest";
import { writeAnomalyEncoder } from "../bench/anomaly-files.ts";
import { ANOMALY_FILES } from "../bench/anomaly-names.ts";
import { runtimeSizes } from "../bench/edge-sizes.ts";
import { sizeTable } from "../bench/report/sizes.ts";
import type { Size } from "../bench/sizes.ts";
import { readJson, root } from "../lib/paths.mjs";

const page = readFileSync(join(root, "docs", "edge.md"), "utf8");
const { sizes } = readJson(join(root, "docs", "results", "bench-edge.json")) as { readonly sizes: readonly Size[] };

it("the table of bytes is that of docs/results/bench-edge.json", () => {
  expect(page).toContain(sizeTable(sizes));
});

it("the runtime is still as large as the table says, to 3 %: run npm run bench -- --suite edge again, and copy its table", async () => {
  for (const { what, ...now } of await runtimeSizes()) {
    const then = sizes.find((one) => one.what === what);
    expect(then, what).toBeDefined();
    for (const kind of ["raw", "gzip", "brotli"] as const) {
      expect(Math.abs(now[kind] / then![kind] - 1), `${what}, ${kind}: ${now[kind]}`).toBeLessThan(0.03);
    }
  }
}, 60_000);

it("a microcontroller's flash and RAM are those of the encoder's header", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-edge-page-"));
  try {
    await writeAnomalyEncoder(folder);
    const { flashBytes, ramBytes } = cHeader(readBundle(readFileSync(join(folder, ANOMALY_FILES.int8))));
    const [flash, ram] = [flashBytes, ramBytes].map((bytes) => bytes.toLocaleString("en"));
    expect(page).toContain(`it takes ${flash} bytes of flash`);
    expect(page).toContain(`and ${ram} bytes of RAM`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

it("the kernels' file that Workers import is one that the package has", () => {
  const [, name] = /^import wasm from "\.\/(.*)";$/m.exec(page)!;
  const { exports } = readJson(join(root, "packages", "kernels", "package.json")) as { exports: object };
  expect(Object.keys(exports)).toContain(`./${name}`);
  expect(page).toContain(`\`${name}\` lies in \`node_modules/@isthmus/kernels/dist\``);
});
