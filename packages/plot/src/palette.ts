export const INK = "#1f2933";
export const MUTED = "#52606d";
export const FAINT = "#cbd2d9";

/** For a few series; they stay apart for colour-blind readers (Okabe and Ito 2008), yellow left out on white. */
const SERIES: readonly string[] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#1f2933"];

/** For classes of points: ten hues of alternating lightness; the name of a class stands on its points as well. */
const CLASSES: readonly string[] = [
  ...["#4477aa", "#cc3311", "#228833", "#ee9933", "#aa3377"],
  ...["#66ccee", "#8c564b", "#bbcc33", "#777777", "#332288"],
];

export function seriesColour(index: number): string {
  return SERIES[index % SERIES.length] as string;
}

export function classColour(index: number): string {
  return CLASSES[index % CLASSES.length] as string;
}
