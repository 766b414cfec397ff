//! Builds everything once and puts it on its ports.

use std::sync::Arc;

use anyhow::Context;
use authn::{AccessRules, AuthnLayer};
use proto::auth::v1::{auth_service_server::AuthServiceServer, token_service_server::TokenServiceServer};
use service_runtime::{
    CancellationToken, Router,
    clock::Clock,
    database::Database,
    operations::Registry,
    service::{self, Port, ServerSettings, Service},
    settings::bind,
};
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    accounts::Accounts,
    contention::Changing,
    deletions::Deletions,
    error::DOMAIN,
    grpc::{AuthApi, Calls, Cookies, TokenApi},
    hashing::HashPool,
    identities::{FormerNames, Identities},
    issuers::Issuers,
    judge::Judge,
    jwks,
    limiter::{Limiter, Names},
    migration::Migrator,
    pages::Pages,
    password::PasswordPolicy,
    refresh_token::RefreshTokens,
    revocations::{Follower, Revocations},
    secrets::Secrets,
    sessions::Sessions,
    settings::{Settings, check_internal},
    signing::{KeyMaker, SigningKeys},
    store::Store,
    trail::Trail,
    upkeep::Upkeep,
};

/// Room for the longest password, name and token, and not for much more.
const MAX_REQUEST_BYTES: usize = 32 * 1024;

/// The ports, bound before anything else is done, so that one in use is found out first.
#[derive(Debug)]
pub struct Listeners {
    /// Serves AuthService and the public keys.
    pub public: TcpListener,
    /// Serves TokenService.
    pub internal: TcpListener,
    /// Serves operators.
    pub operations: TcpListener,
}

impl Listeners {
    /// Binds the ports that the settings name, once the settings have been found in order.
    ///
    /// # Errors
    /// When a setting is not in order or a port is taken; the message names the variable to change.
    pub async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        settings.check()?;
        Ok(Self {
            public: bind("AUTH_LISTEN", settings.listen.public).await?,
            internal: bind("AUTH_INTERNAL_LISTEN", settings.listen.internal).await?,
            operations: bind("AUTH_OPERATIONS_LISTEN", settings.listen.operations).await?,
        })
    }
}

/// Serves until `shutdown`.
///
/// # Errors
/// When the service cannot start; the message names what to mend.
pub async fn serve(
    listeners: Listeners,
    settings: Settings,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    check_internal(listeners.internal.local_addr()?)?;
    let database = migrate(&settings).await?;
    let parts = Parts::build(&settings, &database, clock).await?;
    let Parts { api, judge, token_api, keys, metrics, mut follower, upkeep, issuers } = parts;
    // Before it is ready: what it does not know it must not accept.
    follower.read().await.context("cannot read the revocations")?;
    let service = Service {
        domain: DOMAIN,
        database,
        settings: ServerSettings::default(),
        ports: vec![
            public_port(listeners.public, api, judge, Arc::clone(&keys))?,
            internal_port(listeners.internal, token_api)?,
        ],
        operations: listeners.operations,
        metrics,
    };
    // They outlive the last call: its refusal is to be told, and its token judged.
    let end = CancellationToken::new();
    let tasks = [
        tokio::spawn(follower.run(end.clone())),
        tokio::spawn(upkeep.run(end.clone())),
        tokio::spawn(issuers.run(end.clone())),
        tokio::spawn(Arc::clone(&keys).run(end.clone())),
    ];
    let served = service::serve(service, shutdown).await;
    end.cancel();
    for task in tasks {
        task.await?;
    }
    served
}

/// Connects to the database and brings it up to date.
///
/// # Errors
/// When it cannot be reached or migrated.
pub async fn migrate(settings: &Settings) -> anyhow::Result<Database> {
    let database = Database::connect(&settings.database.to_settings()).await.context("see AUTH_DATABASE_URL")?;
    database.migrate::<Migrator>().await?;
    Ok(database)
}

struct Parts {
    api: AuthApi,
    judge: Judge,
    token_api: TokenApi,
    keys: Arc<SigningKeys>,
    metrics: Registry,
    follower: Follower,
    upkeep: Upkeep,
    issuers: Arc<Issuers>,
}

impl Parts {
    async fn build(settings: &Settings, database: &Database, clock: Clock) -> anyhow::Result<Self> {
        PasswordPolicy::warm_up();
        let hashes = HashPool::start(&settings.passwords.hashing, &clock)?;
        let mut metrics = Registry::default();
        hashes.counts().register(&mut metrics);
        let masters = settings.master_key.load(database)?;
        let revocations = Arc::new(Revocations::new(clock.clone()));
        revocations.register(&mut metrics);
        let store = Store::new(database.clone(), Arc::clone(&revocations));
        let secrets = Secrets::open(&store, &masters).await?;
        let maker = KeyMaker::new(&secrets, &masters)?;
        let rules = settings.keys.rules();
        let keys = SigningKeys::open(store.clone(), Arc::clone(&revocations), clock.clone(), maker, rules).await?;
        let keys = Arc::new(keys);
        keys.register(&mut metrics);
        let tokens = settings.tokens.clone();
        let issuers = Arc::new(Issuers::new(tokens.clone(), Arc::clone(&keys), settings.profiles()?));
        issuers.register(&mut metrics);
        let former = FormerNames::new(secrets.former_identities());
        let identities = Arc::new(Identities::new(store.clone(), former.clone()));
        let judge =
            Judge::new(store.clone(), Arc::clone(&revocations), clock.clone(), Arc::clone(&issuers), identities);
        judge.register(&mut metrics);
        let names = Names::new(secrets.accounts());
        let limiter = Arc::new(Limiter::new(store.clone(), clock.clone(), settings.limits.clone(), names));
        let upkeep = Upkeep {
            store: store.clone(),
            clock: clock.clone(),
            limiter: Arc::clone(&limiter),
            limits: settings.limits.clone(),
            trail: settings.trail,
        };
        let pages = Pages::new(secrets.pages()?);
        let sessions = Arc::new(Sessions {
            store: store.clone(),
            clock: clock.clone(),
            keys: Arc::clone(&keys),
            issuers: Arc::clone(&issuers),
            refresh_tokens: RefreshTokens::new(secrets.refresh_tokens()),
            changing: Changing::default(),
            pages: pages.clone(),
            tokens,
        });
        let cookies = Cookies { origins: settings.browser_origins(), clock: clock.clone() };
        let accounts = Accounts {
            limiter,
            policy: Arc::new(settings.password_policy()),
            hashes,
            sessions: Arc::clone(&sessions),
            store: store.clone(),
            clock,
            former,
        };
        let trail = Trail { store: store.clone(), pages };
        let calls = Calls(settings.limits.trusted_proxies.clone());
        let api = AuthApi { accounts, sessions, trail, calls, cookies };
        let follower = Follower::new(store.clone(), Arc::clone(&revocations));
        let token_api = TokenApi { judge: judge.clone(), revocations, deletions: Deletions::new(store) };
        Ok(Self { api, judge, token_api, keys, metrics, follower, upkeep, issuers })
    }
}

fn public_port(listener: TcpListener, api: AuthApi, judge: Judge, keys: Arc<SigningKeys>) -> anyhow::Result<Port> {
    let rules = Arc::new(AccessRules::from_descriptors(proto::PUBLIC_DESCRIPTORS)?);
    let service = AuthServiceServer::new(api).max_decoding_message_size(MAX_REQUEST_BYTES);
    let grpc: Router = Routes::new(service).into_axum_router().layer(AuthnLayer::public(rules, judge));
    Ok(Port {
        listener,
        routes: grpc.merge(jwks::routes(keys)),
        services: &["duet.auth.v1.AuthService"],
        descriptors: proto::PUBLIC_DESCRIPTORS,
    })
}

fn internal_port(listener: TcpListener, api: TokenApi) -> anyhow::Result<Port> {
    let rules = Arc::new(AccessRules::from_descriptors(proto::ALL_DESCRIPTORS)?);
    let service = TokenServiceServer::new(api).max_decoding_message_size(MAX_REQUEST_BYTES);
    Ok(Port {
        listener,
        routes: Routes::new(service).into_axum_router().layer(AuthnLayer::internal(rules)),
        services: &["duet.auth.v1.TokenService"],
        descriptors: proto::ALL_DESCRIPTORS,
    })
}
