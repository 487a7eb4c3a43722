import type { Role } from "../roles.ts";
import { newUser, type TestApi, type TestUser } from "./api.ts";

export type Person = TestUser & { userId: string };
export type TestTeam = { id: string; owner: Person };

type Sent = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: string;
  /** The account that it is for, by the header. */
  account?: string | undefined;
  payload?: object;
};

/** A request of somebody signed in. */
export async function send(
  api: TestApi,
  { cookie }: { cookie: string },
  { method = "GET", url, account, payload }: Sent,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await api.app.inject({
    method,
    url,
    headers: { cookie, ...(account === undefined ? {} : { "infr-account": account }) },
    ...(payload ? { payload } : {}),
  });
  return { status: answer.statusCode, body: answer.body === "" ? {} : answer.json<Record<string, unknown>>() };
}

export async function newPerson(api: TestApi): Promise<Person> {
  const user = await newUser(api);
  return { ...user, userId: String((await send(api, user, { url: "/api/me" })).body["id"]) };
}

/** A team with its owner. */
export async function createTeam(api: TestApi, name: string): Promise<TestTeam> {
  const owner = await newPerson(api);
  const { status, body } = await send(api, owner, { method: "POST", url: "/api/teams", payload: { name } });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { id: String(body["id"]), owner };
}

/** Somebody new in a team: how he got there is tested elsewhere. */
export async function join(api: TestApi, { id }: Pick<TestTeam, "id">, role: Exclude<Role, "owner">): Promise<Person> {
  const person = await newPerson(api);
  await api.sql`insert into account_members (account_id, user_id, role) values (${id}, ${person.userId}, ${role})`;
  return person;
}
