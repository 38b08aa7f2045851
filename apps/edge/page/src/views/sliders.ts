import { element } from "../dom.ts";

export interface Sliders {
  /** Moves all of them, without telling. */
  set(symbols: Int32Array): void;
  readonly values: () => Int32Array;
}

/** A slider for each symbol of a code, over the symbols that have a frequency of their own. */
export function sliders(
  into: HTMLElement,
  ranges: readonly (readonly [least: number, largest: number])[],
  onChange: () => void,
): Sliders {
  const inputs = ranges.map(([least, largest], i) => {
    const input = element("input", {
      ...{ type: "range", step: "1", min: String(Math.min(least, 0)), max: String(Math.max(largest, 0)) },
      "aria-label": `Dimension ${i + 1}`,
    });
    const output = element("output", {}, "0");
    input.addEventListener("input", () => {
      output.value = input.value;
      onChange();
    });
    return { input, output };
  });
  into.replaceChildren(
    ...inputs.map(({ input, output }, i) =>
      element("div", { class: "slider" }, element("span", {}, String(i + 1)), input, output),
    ),
  );
  return {
    set: (symbols) =>
      inputs.forEach(({ input, output }, i) => {
        const symbol = symbols[i]!;
        // A symbol without a frequency of its own is sent as an escape: the slider makes room for it.
        input.min = String(Math.min(Number(input.min), symbol));
        input.max = String(Math.max(Number(input.max), symbol));
        input.value = String(symbol);
        output.value = input.value;
      }),
    values: () => Int32Array.from(inputs, ({ input }) => Number(input.value)),
  };
}
