import { elementwise } from "./elementwise.ts";
import type { Gradients } from "./gradient.ts";
import { reductions } from "./reductions.ts";
import { shapes } from "./shapes.ts";
import { windows } from "./windows.ts";

/** By the names of kernels: every one that tfjs has, complex numbers apart, and those of comparisons, which it has not. */
export const gradients: Gradients = { ...elementwise, ...reductions, ...shapes, ...windows };
