-- What an exchange has demanded of one replica holds for all that share what it is limited by. Written when an exchange complains,
-- and read then: never for a request.

CREATE TABLE tenure.exchange_pauses (
    exchange text NOT NULL,
    -- 'address NAME' nothing is to be asked from there · 'account' no new orders.
    scope text NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (exchange, scope)
);
