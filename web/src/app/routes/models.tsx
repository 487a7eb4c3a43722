import { ModelsPage } from "../../features/models/models-page.tsx";

export const ModelsRoute = () => <ModelsPage />;
