/** The web manifest, by which browsers install the page. Addresses are relative to it. */
export const manifest = {
  id: "./",
  name: "Isthmus",
  short_name: "Isthmus",
  description: "Compress on this device, decode in the cloud. Works offline.",
  lang: "en",
  start_url: "./",
  scope: "./",
  display: "standalone",
  background_color: "#f4f6f8",
  theme_color: "#0f6a7a",
  categories: ["utilities", "developer"],
  icons: [
    { src: "./icons/icon-192.png", sizes: "192x192", type: "image/png", purpose: "any" },
    { src: "./icons/icon-512.png", sizes: "512x512", type: "image/png", purpose: "any" },
    { src: "./icons/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
    { src: "./icons/icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" },
  ],
};
