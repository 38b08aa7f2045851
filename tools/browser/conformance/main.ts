import type { EngineName } from "@isthmus/backend";
import { answer } from "../site/answer.ts";
import { askWorker } from "../site/ask-worker.ts";
import { conform } from "./suite.ts";

const inPage = (engine: EngineName) => answer(() => conform(engine));

const inWorker = (engine: EngineName) =>
  askWorker(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }), engine);

/** The page's only job is to be asked: `await conformIn.page("tfjs:webgl")`, `await conformIn.worker("wasm")`. */
Object.assign(globalThis, { conformIn: { page: inPage, worker: inWorker } });
