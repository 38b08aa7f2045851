import { element } from "../dom.ts";

/** A bar for each symbol of a code, up or down from the middle; words and numbers of it stand beside it. */
export function drawBars(into: HTMLElement, symbols: Int32Array): void {
  const most = symbols.reduce((largest, symbol) => Math.max(largest, Math.abs(symbol)), 1);
  into.replaceChildren(
    ...Array.from(symbols, (symbol) => {
      const bar = element("span", { class: symbol < 0 ? "bar-item below" : "bar-item" });
      bar.style.setProperty("--share", String(Math.abs(symbol) / most));
      return bar;
    }),
  );
}
