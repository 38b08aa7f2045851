/** What protobuf allows, and with it every reader: 2 GiB less one byte. Larger weights belong beside the file. */
export const MOST_BYTES: number = 2 ** 31 - 1;
