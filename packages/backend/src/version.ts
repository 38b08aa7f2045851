/** This package's version: a choice that another one remembered is measured anew. */
export const VERSION = "0.0.0";
