// The provider itself: its clients, its two resources, and the grants that it adds to those of oidc-provider.

import { createLocalJWKSet, jwtVerify } from 'jose';
import Provider, { errors } from 'oidc-provider';

const SCOPE = 'mcp mcp:write';
const SECONDS = 300;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';

function client(id, ...grants) {
  return {
    client_id: id,
    client_secret: 'secret',
    grant_types: grants,
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: 'ES256',
    scope: `openid ${SCOPE}`,
  };
}

// What the tokens for a resource are like; nothing for a resource that is not known.
function resourceServer(resource, flags) {
  const server = { scope: SCOPE, audience: resource, accessTokenTTL: SECONDS };
  switch (resource) {
    case flags['opaque-resource']: return { ...server, accessTokenFormat: 'opaque' };
    case flags.resource: return { ...server, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
    case `${flags.resource}/other`: return { ...server, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
    default: throw new errors.InvalidTarget();
  }
}

export function makeProvider(issuer, keys, flags) {
  const provider = new Provider(issuer, {
    clients: [
      client('service', 'client_credentials'),
      client('desk', 'password'),
      client('agent', 'client_credentials', EXCHANGE),
      // The audience of an ID token is the client, which is why there is one of this name.
      client(flags.resource, 'password', EXCHANGE),
      { ...client('resource-server'), token_endpoint_auth_method: 'client_secret_basic' },
    ],
    scopes: ['openid', ...SCOPE.split(' ')],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: keys.all() },
    ttl: { AccessToken: SECONDS, ClientCredentials: SECONDS, IdToken: SECONDS },
    extraTokenClaims: (_, token) => token.extra,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => resourceServer(resource, flags),
      },
    },
  });

  async function issue(ctx, subject, scope, extra) {
    const { client: asking, params } = ctx.oidc;
    const token = new provider.AccessToken({ client: asking, accountId: subject, scope, gty: params.grant_type });
    token.resourceServer = new provider.ResourceServer(params.resource, resourceServer(params.resource, flags));
    token.extra = extra;
    ctx.oidc.entity('AccessToken', token);
    return {
      access_token: await token.save(),
      token_type: token.tokenType,
      expires_in: token.expiration,
      scope: token.scope,
    };
  }

  async function issueIdToken(ctx, subject) {
    const token = new provider.IdToken({ sub: subject }, { ctx });
    token.scope = 'openid';
    return {
      access_token: await token.issue({ use: 'idtoken' }),
      issued_token_type: `${TYPE}id_token`,
      token_type: 'N_A',
      expires_in: SECONDS,
    };
  }

  // Whoever asks is whom they say they are: it is the token that is tested.
  provider.registerGrantType('password', async (ctx) => {
    const { params } = ctx.oidc;
    ctx.body = await issue(ctx, params.username, params.scope);
  }, ['username', 'password', 'resource', 'scope']);

  // RFC 8693: impersonation is not offered, the actor always stands in the token.
  provider.registerGrantType(EXCHANGE, async (ctx) => {
    const { client: asking, params } = ctx.oidc;
    const published = createLocalJWKSet({ keys: keys.published() });
    const verified = jwtVerify(params.subject_token, published, { issuer, typ: 'at+jwt' });
    const { payload } = await verified.catch(() => { throw new errors.InvalidGrant('subject_token refused'); });
    if (params.requested_token_type === `${TYPE}id_token`) {
      ctx.body = await issueIdToken(ctx, payload.sub);
      return;
    }
    const token = await issue(ctx, payload.sub, payload.scope, { act: { sub: asking.clientId } });
    ctx.body = { ...token, issued_token_type: `${TYPE}access_token` };
  }, ['subject_token', 'subject_token_type', 'requested_token_type', 'resource']);

  return provider;
}
