/** Tables, pictures and text as datasets. */
export {};
