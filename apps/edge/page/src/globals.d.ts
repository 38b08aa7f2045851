/** Put in by the build: the id of the model that comes with the page, 16 hex digits. */
declare const SHIPPED_MODEL: string;
