/** What `init` writes: an agent that runs as it is, on a demo signal, and every key with what it means. */
export function templateFor(device: string): string {
  return `# isthmus-edge: what this device measures, encodes and sends. \`isthmus-edge check --config edge.toml\` reads it and says what is wrong.
# Relative paths begin at this file's folder; times are in seconds. A key with # before it shows its default, or what it could be.

# Who this is: A-Z a-z 0-9 . _ -, the first no dot, 64 characters at most.
device = ${JSON.stringify(device)}
# The folder of all that the agent keeps: queue, model, set-aside frames.
state = "state"

[model]
# A file of \`isthmus bundle\` ...
bundle = "encoder.isthb"
# ... or a model's id: its encoder is fetched from the service, verified and kept. \`kill -HUP\` reads this table again: another id swaps the model.
# id = "0123456789abcdef"
# The service to fetch from: that of [send] where this is HTTP.
# url = "https://isthmus.example"
# SHA-256 of the whole bundle, if it is to be exactly this one.
# sha256 = ""

[source]
# "demo", "stdin", "file" (lines that are added to it) or "folder" (pictures that come into it).
kind = "demo"
# Demo: how many signals, and rows a second.
signals = 1
rate = 100.0
# Rows of a window, where the model's samples are rows of a series, and rows from one window to the next.
# window = 640
# stride = 640

# Lines of stdin or a file: "csv" or "json" (an array, or an object with members).
# format = "csv"
# delimiter = ","
# header = true
# columns = ["temperature", "pressure"]
# When a row was measured: a column, and its unit: "iso" dates, or "s", "ms", "us" since 1970. By default it is now.
# time = "when"
# time_unit = "iso"

# File: where to begin the first time, and whether to wait for more.
# path = "readings.csv"
# from = "start"
# follow = true
# poll = 1.0

# Folder: PNG, JPEG or WebP pictures, fitted ("crop", "stretch", "pad") to the model's; then "move" them, "delete" or "keep".
# path = "pictures"
# width = 28
# height = 28
# colour = "grey"
# fit = "crop"
# done = "move"
# done_folder = "pictures/done"
# refused_folder = "pictures/refused"

[frame]
# A frame is sent when it has so many items, or its first one waits so long.
items = 16
age = 10.0

[queue]
# Frames wait on the disk until the service has stored them; in files of so many bytes at most.
bytes = 268_435_456
# "oldest-first" drops the oldest frames of a full queue, "stop" holds the source.
when_full = "oldest-first"
# When frames are flushed to the disk: "always" each, "interval" before they are sent and once an interval, "never" when the system likes.
fsync = "interval"
# fsync_interval = 1.0

[send]
# http://, https://, mqtt:// or mqtts://
url = "http://127.0.0.1:8640"
# What \`isthmus-cloud token --role device\` gave: here, in a file or in the environment.
# token = ""
# token_file = "token"
# token_env = "ISTHMUS_TOKEN"
# The broker's, for MQTT; password_file and password_env as with the token.
# username = ""
# password = ""
# PEM files, for https and mqtts: who is trusted, and the device's own certificate.
# ca = "ca.pem"
# cert = "device.pem"
# key = "device.key"
# Of parcels sent together, and how long to wait for an answer.
# batch_bytes = 120_000
# patience = 30.0
# After a failure: at most so long at first, twice as long each time, and at most in the end.
# retry_first = 1.0
# retry_most = 300.0
`;
}
