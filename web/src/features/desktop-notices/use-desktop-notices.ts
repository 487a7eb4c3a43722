import {
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap } from "../../lib/api.ts";
import { queryKeys } from "../../lib/query-keys.ts";

const ENDPOINT_ITEM = "infr.push";

/** Whether this browser shows notifications of this account, and if not, whether it could. */
export type DesktopNotices =
  | { state: "on"; id: string }
  | { state: "off"; publicKey: string }
  | { state: "impossible" };

const SERVICE_WORKER = "/sw.js";

export const useDesktopNotices = (): UseQueryResult<DesktopNotices> =>
  useQuery({ queryKey: queryKeys.desktopNotices, queryFn: readState });

async function readState(): Promise<DesktopNotices> {
  const { publicKey, browsers } = await unwrap(api.GET("/api/notifications/push"));
  if (publicKey === null || !("serviceWorker" in navigator) || !("PushManager" in window))
    return { state: "impossible" };
  const registration = await navigator.serviceWorker.getRegistration();
  const subscription = await registration?.pushManager.getSubscription();
  const id = window.localStorage.getItem(ENDPOINT_ITEM);
  const isKnown = browsers.some((browser) => browser.id === id);
  return subscription && id !== null && isKnown ? { state: "on", id } : { state: "off", publicKey };
}

/** Asks for the browser's permission, which only the user can give, and tells the API where to send to. */
export function useTurnOn(): UseMutationResult<void, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (publicKey) => {
      if ((await Notification.requestPermission()) !== "granted") {
        throw new Error("This browser does not let infr show notifications. Allow them in its settings for this page.");
      }
      await navigator.serviceWorker.register(SERVICE_WORKER);
      const registration = await navigator.serviceWorker.ready;
      const wanted = { userVisibleOnly: true, applicationServerKey: publicKey };
      const subscription = await registration.pushManager.subscribe(wanted);
      const { endpoint = "", keys } = subscription.toJSON();
      const body = { endpoint, keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" } };
      const { id } = await unwrap(api.POST("/api/notifications/push", { body }));
      window.localStorage.setItem(ENDPOINT_ITEM, id);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.desktopNotices }),
  });
}

export function useTurnOff(): UseMutationResult<void, Error, string> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (id) => {
      await unwrap(api.DELETE("/api/notifications/push/{id}", { params: { path: { id } } }));
      window.localStorage.removeItem(ENDPOINT_ITEM);
      const registration = await navigator.serviceWorker.getRegistration();
      await (await registration?.pushManager.getSubscription())?.unsubscribe();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: queryKeys.desktopNotices }),
  });
}
