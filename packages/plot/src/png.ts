/** Pictures without the charting library, for whoever loads none: `@isthmus/plot/png`. */
export { pngGrid } from "./png-grid.ts";
export type { Images, PngGridOptions } from "./png-grid.ts";
