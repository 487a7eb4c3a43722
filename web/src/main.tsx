import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, loadFirstPage } from "./app/app.tsx";
import "./styles.css";

async function start(root: HTMLElement): Promise<void> {
  // What a visitor reads already (`landing.html`) stays until all that takes its place is there.
  if (root.hasChildNodes()) await loadFirstPage();
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
void start(root);
