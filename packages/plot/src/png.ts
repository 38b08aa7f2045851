/** Pictures without the charting library, for whoever loads none: `@isthmus/plot/png`. */
export { pngGrid } from "./png-grid.ts";
export type { Images, PngGridOptions } from "./png-grid.ts";
export { isImageShape, levels, pngOf } from "./picture-png.ts";
export type { Pixels } from "./picture-png.ts";
