// A server that renders pages has no custom elements: it writes the tags, and the browser defines them.
export {};
