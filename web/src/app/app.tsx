import { RouterProvider } from "@tanstack/react-router";
import { Providers } from "./providers.tsx";
import { router } from "./router.tsx";

// The page's own chunk comes while the API is asked for its settings.
void router.load();

export const App = () => (
  <Providers>
    <RouterProvider router={router} />
  </Providers>
);
