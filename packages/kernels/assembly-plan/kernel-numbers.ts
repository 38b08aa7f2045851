/**
 * Kernels by their numbers, in the order of `KERNELS` of `src/plan.ts`: those of int8, those of float32, functions of one float, functions
 * of two.
 */
export const enum Kernel {
  Conv2d, Depthwise, MaxPool, Lookup, Conv2dTranspose,
  FloatConv2d, FloatDepthwise, FloatMaxPool,
  Abs, Sqrt, Exp, Expm1, Erf, Sigmoid, Tanh, Softplus,
  Add, Sub, Mul, Div, Maximum, Minimum,
}
