import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { csvLines, WINDOW } from "./samples.ts";

/** The file that a device's sensor writes and its agent follows. */
export function sensorFile(folder: string, device: number): string {
  return join(folder, `sensor-${device}.csv`);
}

/** Writes the rows of all devices, evenly over `span` milliseconds, a few at a time: a line may stand there half for a while. */
export async function feed(
  folder: string,
  { devices, items, span, stop }: { devices: number; items: number; span: number; stop: AbortSignal },
): Promise<void> {
  const rows = items * WINDOW;
  const started = performance.now();
  let written = 0;
  while (written < rows && !stop.aborted) {
    const due = Math.min(rows, Math.ceil((rows * (performance.now() - started)) / span));
    for (let device = 0; device < devices; device++)
      await appendInHalves(sensorFile(folder, device), csvLines(device, written, due));
    written = due;
    await sleep(200);
  }
}

async function appendInHalves(file: string, text: string): Promise<void> {
  const half = Math.floor(text.length / 2);
  await appendFile(file, text.slice(0, half));
  await appendFile(file, text.slice(half));
}
