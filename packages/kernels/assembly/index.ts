/** Everything a build exports. Each function's bits depend on its arguments and the build alone, in the relaxed build on machine and runtime, too. */
export { add, div, equal, greater, maximum, minimum, mul, reluGrad, sigmoidGrad, sub, tanhGrad } from "./binary";
export {
  avgPool2d, avgPool2dGrad, depthwiseConv2d, depthwiseConv2dFilterGrad, depthwiseConv2dInputGrad, maxPool2d, maxPool2dGrad, maxPool2dPick,
} from "./channelwise";
export { conv2d, conv2dFilterGrad, conv2dFilterGradScratch, conv2dInputGrad, conv2dInputGradScratch, conv2dScratch } from "./conv";
export { castI32, castU8, copyBytes as copy, copyStrided, fillWith as fill } from "./copy";
export { choice as select, sigmoidCrossEntropy, sigmoidCrossEntropyBoth, sigmoidCrossEntropyGrad } from "./loss";
export { gemm, gemmScratch } from "./gemm";
export { gatedGemm, gatedGemmScratch } from "./gemm-gated";
export { countNonZero, sparseGemm, sparseGemmScratch, sparseRows } from "./gemm-sparse";
export { adam, adamW, rmsProp, sgd, sgdMomentum, sgdNesterov } from "./optimisers";
export { euclideanNorm } from "./norm";
export { randomNormal, randomUniform } from "./random";
export { maximumOf as max, sum } from "./reduce";
export { copyBlocks, gather, oneHot, pad, scatterAdd } from "./rows";
export {
  logSoftmax, logSoftmaxGrad, softmax, softmaxCrossEntropy, softmaxCrossEntropyBoth, softmaxCrossEntropyGrad, softmaxGrad,
  standardise, standardiseGrad,
} from "./softmax";
export {
  absolute as abs, erf, exp, expm1, log, log1p, neg, relu, round, sigmoid, sign, softplus, square, squareRoot as sqrt, step,
  tanh,
} from "./unary";
