// Where the pages begin: styles, the clock of queries, the router.
import "@/styles/app.css";
import "@/lib/theme";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "@/api/queries";
import { router } from "@/routes";
import { reloadOnMissingChunk } from "@/shell/version";
import { Toasts } from "@/ui/toast";

reloadOnMissingChunk();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Toasts>
          <RouterProvider router={router} />
        </Toasts>
      </QueryClientProvider>
    </StrictMode>,
  );
}
