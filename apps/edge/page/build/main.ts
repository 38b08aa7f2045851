/** Builds the page into `page/dist`, with a model of digits that is trained for it; with `--serve` also serves it on this machine. */
import { fileURLToPath } from "node:url";
import { preview } from "vite";
import { buildPage } from "./build-page.ts";
import { digits, trainModel } from "./train-model.ts";

const outDir = fileURLToPath(new URL("../dist/", import.meta.url));

/** Of some 20 seconds on one core. */
const ITEMS_SEEN = 180_000;

const train = await digits();
process.stdout.write(`Training the page's model on ${train.items} digits: ${train.provenance.source} ...\n`);
const model = await trainModel({ train, epochs: Math.max(1, Math.round(ITEMS_SEEN / train.items)) });
await buildPage({ outDir, model });
process.stdout.write(`The page is in ${outDir}, with model ${model.id}.\n`);

if (process.argv.includes("--serve")) {
  const server = await preview({
    ...{
      root: fileURLToPath(new URL("../", import.meta.url)),
      configFile: false,
      logLevel: "error",
      build: { outDir },
    },
    preview: { host: "127.0.0.1" },
  });
  process.stdout.write(`It is served at ${server.resolvedUrls!.local[0]} until Ctrl-C.\n`);
}
