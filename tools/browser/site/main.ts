import { type Answer, answer } from "./answer.ts";
import { askWorker } from "./ask-worker.ts";
import { type Task, train, type Training } from "./train.ts";

const status = document.querySelector<HTMLElement>("#status")!;
const curve = document.querySelector<SVGElement>("#curve")!;

/** Shows how far a training has come, and its losses from the highest to 0. */
function show(losses: readonly number[]): void {
  const highest = Math.max(...losses);
  const points = losses.map((loss, step) => `${2 * step},${160 - (150 * loss) / highest}`);
  curve.innerHTML = `<polyline fill="none" stroke="currentColor" points="${points.join(" ")}" />`;
  status.textContent = `Step ${losses.length}: ${losses.at(-1)!.toFixed(1)} nats.`;
}

const inPage = (task: Task): Promise<Answer<Training>> => answer(() => train(task, show));

const inWorker = (task: Task): Promise<Answer<Training>> =>
  askWorker(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }), task);

/** The page's only job is to be asked: `await trainIn.page({ engine: "tfjs:webgl", steps: 10 })`, `await trainIn.worker(task)`. */
Object.assign(globalThis, { trainIn: { page: inPage, worker: inWorker } });
