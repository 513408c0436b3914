"""Every setting of the server, from the environment or a `.env` file.

One class, read once at start. A bad value stops the start with a message that names the variable.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.data.address import check_address, split_addresses
from api.data.store import connect_store
from api.http.client_address import parse_networks
from api.rates.policy import parse_rate, parse_rules
from schema.principal import EVERY

PROJECT: Final = Path(__file__).resolve().parent.parent
"""The project's folder: where `alembic/` and `pyproject.toml` are."""

CommaSeparated = Annotated[tuple[str, ...], NoDecode]
"""A tuple of words that the environment gives as `a,b,c`."""


class Settings(BaseSettings):
    """The settings of one server process.

    Every variable begins with `ACHENE_`, but for those that begin with `DATABASE_` and `REDIS_`, as hosts give them.
    """

    model_config = SettingsConfigDict(
        env_prefix="ACHENE_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """PostgreSQL address, `postgresql://user:password@host:port/name`. Of several hosts, `one:5432,two:5432`, the one
    that takes writes is used. None starts the embedded server."""

    database_read_urls: str | None = Field(default=None, validation_alias="DATABASE_READ_URLS")
    """Addresses of standbys that queries are read from, with commas between them."""

    database_direct_url: str | None = Field(default=None, validation_alias="DATABASE_DIRECT_URL")
    """Address of PostgreSQL itself where DATABASE_URL leads to a pooler: for migrations, other commands, and to hear of
    changes. None means DATABASE_URL."""

    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    """Redis or Valkey address, `redis://user:password@host:port/number`, for what servers share. None: they share
    nothing."""

    pooler: Literal["transaction"] | None = None
    """Set to `transaction` where DATABASE_URL leads to a pooler in transaction mode, such as PgBouncer; those of
    DATABASE_READ_URLS are taken to lead to one as well."""

    replica_lag_seconds: float = Field(default=10.0, gt=0)
    """How far a standby may lag behind before it is read from no more."""

    replica_wait_seconds: float = Field(default=0.1, ge=0)
    """How long a read that shows a consistency token waits for a standby to catch up, before it goes to the primary."""

    replica_check_seconds: float = Field(default=1.0, gt=0)
    """How often standbys are asked where they are."""

    environment: Literal["development", "production"] | None = None
    """What is open by default. None means production where DATABASE_URL is set, else development."""

    data_dir: Path = PROJECT / ".achene"
    """Folder of the embedded database."""

    host: str = "127.0.0.1"
    """Address to listen on."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 for any free one."""

    pool_size: int = Field(default=10, ge=1)
    """Most connections that a process keeps for reading."""

    write_pool_size: int = Field(default=5, ge=1)
    """Most connections that a process keeps for writing."""

    pool_timeout_seconds: float = Field(default=5.0, gt=0)
    """How long a request waits for a free connection before it is answered 503."""

    connect_timeout_seconds: float = Field(default=5.0, gt=0)
    """How long opening a connection may take."""

    statement_timeout_seconds: float = Field(default=15.0, gt=0)
    """How long PostgreSQL may work on one statement."""

    random_page_cost: float = Field(default=1.1, ge=0)
    """PostgreSQL's setting of this name on our connections: how dear it is to read a page out of turn. Its own default
    of 4 is that of turning disks. 0 leaves it as the server has it."""

    request_timeout_seconds: float = Field(default=30.0, gt=0)
    """How long a GraphQL request may take before its statements are cancelled and it is answered 503."""

    health_timeout_seconds: float = Field(default=1.0, gt=0)
    """How long one health check may take before it counts as failed."""

    workers: int = Field(default=1, ge=1, le=256)
    """How many processes serve; about as many as there are processor cores. Each has pools of its own."""

    worker_timeout_seconds: float = Field(default=30.0, ge=1)
    """How long a worker may do nothing but compute before it is taken to hang and is replaced."""

    drain_seconds: float = Field(default=0.0, ge=0)
    """How long the server goes on serving after SIGTERM while `/health/ready` says 503, so that balancers turn away."""

    shutdown_timeout_seconds: int = Field(default=10, ge=1)
    """How long requests in progress may take to end when the server stops."""

    anonymous_scopes: CommaSeparated | None = None
    """Scopes of callers without a key. None means `read,*`, all that there is, in development and nothing
    in production."""

    cors_origins: CommaSeparated | None = None
    """Origins that browsers may call from. None means any localhost port in development, else none."""

    hsts_seconds: int = Field(default=0, ge=0)
    """How long browsers are told to come by HTTPS alone, where a request came by it; 0 tells them nothing."""

    trusted_hosts: CommaSeparated | None = None
    """Host names that are answered. None means localhost, in production only where the server listens on it alone."""

    trusted_proxies: CommaSeparated = ()
    """Addresses and networks of proxies, such as `10.0.0.0/8`, that say by X-Forwarded-For and X-Forwarded-Proto whom
    a request comes from."""

    authenticate: str | None = None
    """A FastAPI dependency of your own that says who asks, as `package.module:function`; see [Keys](keys.md). None:
    keys alone do."""

    audit_lines: bool = True
    """Write a log line for each type of rows that a mutation has written: who, which rows, which fields, no values."""

    audit_table: bool = False
    """Write the same into the table `audit_log`, in the transaction that writes."""

    row_level_security: bool = False
    """Tell PostgreSQL in each transaction who asks, for policies of row level security; see [Rules](rules.md). Answers
    are not kept then."""

    key_cache_seconds: float = Field(default=60.0, gt=0)
    """How long a key that was looked up is remembered, while the database tells of every change to it."""

    key_cache_size: int = Field(default=10_000, ge=1)
    """Most keys that are remembered; as many again that were shown and do not exist."""

    key_staleness_seconds: float = Field(default=6.0, ge=0.1)
    """Longest that a revoked key may go on working where the connection that tells of it has silently died."""

    key_timeout_seconds: float = Field(default=5.0, gt=0)
    """How long looking up a key may take before the request is answered 503."""

    key_use_seconds: float = Field(default=60.0, gt=0)
    """How often the last use of keys is written down."""

    default_page_size: int = Field(default=20, ge=1)
    """Rows of a list that names no `first` or `last`."""

    largest_page_size: int = Field(default=1000, ge=1)
    """Most rows that `first` or `last` may ask for."""

    largest_body_bytes: int = Field(default=1_000_000, ge=1)
    """Most bytes that a request body may have."""

    largest_url_bytes: int = Field(default=16_384, ge=100, le=65_000)
    """Most bytes that path and query of a request may have."""

    largest_head_bytes: int = Field(default=65_536, ge=1_000)
    """Most bytes that request line and headers may have together."""

    head_timeout_seconds: float = Field(default=15.0, gt=0)
    """How long a client may take to send them."""

    answer_timeout_seconds: float = Field(default=30.0, gt=0)
    """How long a client may take nothing of its answer before the connection is closed."""

    most_connections: int = Field(default=1_000, ge=1)
    """Most connections to one server process; one more takes the place of the one that was idle longest."""

    body_timeout_seconds: float = Field(default=30.0, gt=0)
    """How long a client may take to send the body of a request."""

    largest_document_tokens: int = Field(default=10_000, ge=1)
    """Most tokens that a GraphQL document may have."""

    deepest_document: int = Field(default=20, ge=1)
    """Most levels that fields of a GraphQL document may nest."""

    largest_cost: int = Field(default=100_000, ge=1)
    """Most rows that a GraphQL operation may be able to read, told from its page sizes before it runs."""

    most_values: int = Field(default=1_000_000, ge=1)
    """Most values that a GraphQL operation may be able to answer with; one computed in Python counts for 20."""

    largest_answer_bytes: int = Field(default=50_000_000, ge=1_000)
    """Most bytes of an answer that is one statement; a larger one does not leave PostgreSQL."""

    most_written: int = Field(default=50_000, ge=1)
    """Most rows that one mutation may write or name."""

    idempotency_hours: float = Field(default=24.0, gt=0)
    """How long the answer to a mutation with an Idempotency-Key is kept."""

    most_aliases: int = Field(default=100, ge=1)
    """Most fields with an alias that an operation may have, fragments written out."""

    most_root_fields: int = Field(default=50, ge=1)
    """Most fields at the root of an operation, fragments written out."""

    most_directives: int = Field(default=100, ge=1)
    """Most directives that an operation may have, fragments written out."""

    deepest_value: int = Field(default=50, ge=1)
    """Most levels that lists and objects may nest in variables, and in the arguments of a document."""

    largest_variables: int = Field(default=100_000, ge=1)
    """Most values that the variables of a mutation may hold, at all levels."""

    largest_query_variables: int = Field(default=5_000, ge=1)
    """Most values that the variables of a query may hold, at all levels."""

    most_batched: int = Field(default=0, ge=0)
    """Most operations that a request may send as a JSON list. 0 takes no lists."""

    introspection: bool | None = None
    """Show everybody the schema, and in errors the names that look alike. None means in development only; a key with
    the scope `introspect` sees it in any case."""

    openapi: bool | None = None
    """Describe the REST part to everybody: /docs for people, /openapi.json for programs. None means in development
    only; a key with the scope `introspect` reads /openapi.json in any case."""

    rate_requests: str | None = None
    """Requests that each key may make, such as `600/minute` or `5 per 10 seconds`. None: any number."""

    rate_cost: str | None = None
    """Rows that the operations of each key may be able to read, such as `1000000/minute`. None: any number."""

    rate_anonymous_requests: str | None = None
    """Requests without a key that each address may make, or `unlimited`. None: as for keys."""

    rate_anonymous_cost: str | None = None
    """Rows that operations without a key may be able to read, for each address, or `unlimited`. None: as for keys."""

    rate_paths: CommaSeparated = ()
    """Requests to some paths, for each key or address, beside the other rates: `POST /users/ = 10/minute`."""

    rate_on_failure: Literal["allow", "refuse", "local"] = "allow"
    """What happens to requests while the shared store is away: they go on uncounted, or are refused, or each server
    counts its own."""

    redis_timeout_seconds: float = Field(default=0.25, gt=0)
    """How long a request may wait for the shared store before it goes on without."""

    operations: Annotated[tuple[Path, ...], NoDecode] = ()
    """Saved operations beside those of `schema/operations`: folders of `.graphql` files, and manifests as Relay and
    Apollo make them."""

    only_saved_operations: bool = False
    """Run saved operations and nothing else; a key with the scope `operations:any` may run others."""

    persisted_queries: bool = True
    """Let clients call a document by its hash once they have sent it, as Apollo's automatic persisted queries do."""

    response_cache_bytes: int = Field(default=0, ge=0)
    """Most bytes of answers that a process keeps in memory; 0 keeps none."""

    response_cache_shared: bool = False
    """Keep answers in the shared store as well, for all servers; needs REDIS_URL and a response cache."""

    response_cache_seconds: float = Field(default=3600.0, gt=0)
    """How long an answer stays in the shared store."""

    graphiql: bool | None = None
    """Serve GraphiQL at /graphql. None means in development only."""

    graphiql_cdn: bool = False
    """Where GraphiQL is not built: load pinned files from a public CDN instead of saying how to build it."""

    log_format: Literal["text", "json"] = "text"
    """How log lines look."""

    metrics: bool | None = None
    """Serve /metrics to everybody. None means in development only; a key with the scope `metrics` may always ask."""

    traces: bool = False
    """Send traces to an OpenTelemetry collector; OTEL_EXPORTER_OTLP_ENDPOINT says where it is."""

    slow_seconds: float = Field(default=1.0, ge=0)
    """From how long on an operation is told of with its plan; 0 tells of none."""

    @field_validator(
        "anonymous_scopes",
        "cors_origins",
        "trusted_hosts",
        "trusted_proxies",
        "rate_paths",
        "operations",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("database_url", "database_direct_url", "database_read_urls")
    @classmethod
    def _check_addresses(cls, value: str | None, told: ValidationInfo) -> str | None:
        each = split_addresses(value or "") if told.field_name == "database_read_urls" else (value,)
        for address in each:
            if address is not None:
                check_address(address, str(told.field_name).upper())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_networks(value)
        return value

    @field_validator("rate_requests", "rate_cost", "rate_anonymous_requests", "rate_anonymous_cost")
    @classmethod
    def _check_rate(cls, value: str | None) -> str | None:
        if value:
            parse_rate(value)
        return value or None

    @field_validator("rate_paths")
    @classmethod
    def _check_rules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_rules(value)
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_store(cls, value: str | None) -> str | None:
        if value:
            connect_store(value, 1)
        return value or None

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def is_development(self) -> bool:
        """True where defaults are open, for work on one's own machine."""
        if self.environment is None:
            return self.database_url is None
        return self.environment == "development"

    @property
    def scopes_without_key(self) -> frozenset[str]:
        """Scopes that an anonymous caller has."""
        if self.anonymous_scopes is None:
            return frozenset({"read", EVERY} if self.is_development else ())
        return frozenset(self.anonymous_scopes)

    @property
    def is_schema_shown(self) -> bool:
        """True where everybody may ask for the schema."""
        return self.is_development if self.introspection is None else self.introspection

    @property
    def is_rest_described(self) -> bool:
        """True where everybody may ask how the REST part is called."""
        return self.is_development if self.openapi is None else self.openapi

    @property
    def is_metrics_open(self) -> bool:
        """True where /metrics needs no key."""
        return self.is_development if self.metrics is None else self.metrics

    @property
    def is_graphiql_served(self) -> bool:
        """True where GraphiQL is served."""
        return self.is_development if self.graphiql is None else self.graphiql
