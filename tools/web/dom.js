// The elements of index.html.

/** @type {(id: string) => any} each has the kind that index.html gives it */
export const $ = (id) => document.getElementById(id);
