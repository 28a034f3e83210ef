// Where the widgets' own module is to be found: beside this file, never on another host.
require.config({ paths: { anywidget: document.currentScript.src.replace(/widgets\.js.*$/, "anywidget") } });

// The widget manager hands its labels to MathJax 2, if there is a MathJax. Ours is version 3, and no
// label of ours holds a formula.
addEventListener("load", () => window.MathJax && (MathJax.Hub = { Queue: () => {} }));
