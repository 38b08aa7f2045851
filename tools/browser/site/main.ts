import { type Answer, answer } from "./answer.ts";
import { type EngineName, train, type Training } from "./train.ts";

const status = document.querySelector<HTMLElement>("#status")!;
const curve = document.querySelector<SVGElement>("#curve")!;

/** Shows how far a training has come, and its losses from the highest to 0. */
function show(losses: readonly number[]): void {
  const highest = Math.max(...losses);
  const points = losses.map((loss, step) => `${2 * step},${160 - (150 * loss) / highest}`);
  curve.innerHTML = `<polyline fill="none" stroke="currentColor" points="${points.join(" ")}" />`;
  status.textContent = `Step ${losses.length}: ${losses.at(-1)!.toFixed(1)} nats.`;
}

const inPage = (name: EngineName): Promise<Answer<Training>> => answer(() => train(name, show));

function inWorker(name: EngineName): Promise<Answer<Training>> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const told = new Promise<Answer<Training>>((resolve) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Answer<Training>>) => resolve(data));
    worker.addEventListener("error", ({ message }) => resolve({ error: `the worker failed: ${message}` }));
    worker.postMessage(name);
  });
  return told.finally(() => worker.terminate());
}

/** The page's other job is to be asked: `await page("tfjs:webgl")`, `await worker("wasm")`. */
Object.assign(globalThis, { trainIn: { page: inPage, worker: inWorker } });
