import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Announcer } from "../ui/announce.tsx";
import "../ui/main.css";
import { startI18n } from "./i18n.ts";
import { makeQueryClient } from "./queries.ts";
import { makeRouter } from "./routes.ts";

const root = document.getElementById("root");
if (!root) throw new Error("index.html lacks #root");

// Texts in it come with the data, and must not grow when it comes after them.
document.fonts.load("1rem 'IBM Plex Mono'").catch(() => undefined);
await startI18n();
const client = makeQueryClient();
const router = makeRouter(client);

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
      <Announcer />
    </QueryClientProvider>
  </StrictMode>,
);
