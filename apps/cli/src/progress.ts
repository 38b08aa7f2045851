import type { StepEvent } from "@isthmus/train";
import { type Console, duration, grouped } from "./console.ts";

const REDRAW_MS = 100;
const BAR_WIDTH = 24;

/** One line that is drawn over itself on a terminal, and nothing where there is none. */
export class ProgressLine {
  private readonly console: Console;
  private last = 0;

  constructor(console: Console) {
    this.console = console;
  }

  update(progress: StepEvent): void {
    this.show(() => progressText(progress));
  }

  /** Draws what `text` gives, at most ten times a second. */
  show(text: () => string): void {
    const now = Date.now();
    if (!this.console.stderr.isTTY || now - this.last < REDRAW_MS) return;
    this.last = now;
    this.console.stderr.write(`\r\u001B[K${text().slice(0, (this.console.stderr.columns ?? 80) - 1)}`);
  }

  /** Takes the line away, so that other text can follow. */
  clear(): void {
    if (this.console.stderr.isTTY) this.console.stderr.write("\r\u001B[K");
  }
}

/** `[######------] 25 %`. */
export function shareText(share: number): string {
  const filled = Math.floor(share * BAR_WIDTH);
  return `[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}] ${Math.floor(100 * share)} %`;
}

/** `epoch 2/10 [######------] 25 %  loss 112.3  41,234 items/s  ETA 1 min 05 s`. */
export function progressText({ epoch, epochs, step, steps, loss, itemsPerSecond, etaSeconds }: StepEvent): string {
  const rate = grouped(Math.round(itemsPerSecond));
  return `epoch ${epoch}/${epochs} ${shareText(step / steps)}  loss ${loss.toFixed(2)}  ${rate} items/s  ETA ${duration(etaSeconds)}`;
}
