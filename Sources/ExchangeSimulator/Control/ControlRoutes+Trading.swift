import FoundationEssentials
import NIOCore
import Trading

extension ControlRoutes {
    /// Every order request, oldest first: those after a number, or with a client id, if that is asked for.
    func orders(_ parameters: QueryParameters) throws(APIError) -> JSONValue {
        var parameters = parameters
        let after = try parameters.integer("after") ?? 0
        let clientOrderID = try parameters.text("client_order_id")
        try parameters.finish()
        return try exchange.desk.read { state throws(APIError) in
            let numbers = state.log.entries.indices.map { $0 + 1 }.filter { number in
                number > after
                    && clientOrderID.map { state.log.entries[number - 1].fields["client_order_id"] == $0 } ?? true
            }
            return .object(["orders": .array(numbers.map { state.log.json($0, engine: state.engine) })])
        }
    }

    func accounts() throws(APIError) -> JSONValue {
        try exchange.desk.read { state throws(APIError) in
            let accounts = state.engine.accounts.map { account -> JSONValue in
                let settings = account.configuration
                return .object([
                    "api_key": .string(settings.apiKey),
                    "permissions": .array(settings.permissions.map(\.rawValue).sorted().map { .string($0) }),
                    "taker_rate": .string(settings.takerRate.description),
                    "maker_rate": .string(settings.makerRate.description),
                    "commission_asset": settings.commissionAsset.map { .string($0) } ?? .null,
                    "balances": .object(
                        account.balances.mapValues {
                            .object(["free": .string($0.free.description), "locked": .string($0.locked.description)])
                        }
                    ),
                ])
            }
            return .object(["accounts": .array(accounts)])
        }
    }

    func setAccount(_ body: ByteBuffer) throws(APIError) -> JSONValue {
        let fields = try ControlFields(
            body,
            known: [
                "api_key", "api_secret", "balances", "permissions", "taker_rate", "maker_rate", "commission_asset",
            ]
        )
        guard let key = try fields.text("api_key") else { throw APIError(code: -1000, "api_key is missing.") }
        let secret = try fields.text("api_secret")
        guard AccountConfiguration.isUsable(key), secret.map(AccountConfiguration.isUsable) ?? true else {
            throw APIError(code: -1000, "api_key and api_secret must be 1 to 128 printable characters without blanks.")
        }
        let permissions = try permissions(fields)
        let balances = try fields.decimals("balances")
        let (taker, maker) = (try fields.decimal("taker_rate"), try fields.decimal("maker_rate"))
        let commissionAsset = try fields.text("commission_asset")
        return try exchange.desk.change { state, moment throws(APIError) in
            let id = state.engine.account(ofKey: key)
            guard let secret = secret ?? id.map({ state.engine.accounts[$0].configuration.apiSecret }) else {
                throw APIError(code: -1000, "api_secret is missing, and there is no account with this key yet.")
            }
            var settings =
                id.map { state.engine.accounts[$0].configuration }
                ?? AccountConfiguration(apiKey: key, apiSecret: secret)
            settings.apiSecret = secret
            settings.permissions = permissions ?? settings.permissions
            settings.takerRate = taker ?? settings.takerRate
            settings.makerRate = maker ?? settings.makerRate
            settings.commissionAsset = commissionAsset ?? settings.commissionAsset
            if let id {
                settings.balances = balances ?? [:]
                return (.object([:]), state.engine.change(id, to: settings, at: moment))
            }
            settings.balances = balances ?? settings.balances
            state.engine.add(settings)
            return (.object([:]), [])
        }
    }

    private func permissions(_ fields: ControlFields) throws(APIError) -> Set<AccountConfiguration.Permission>? {
        guard let names = try fields.list("permissions") else { return nil }
        var permissions: Set<AccountConfiguration.Permission> = []
        for name in names {
            guard let permission = AccountConfiguration.Permission(rawValue: name) else {
                let known = AccountConfiguration.Permission.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError(code: -1000, "permissions must be among \(known).")
            }
            permissions.insert(permission)
        }
        return permissions
    }
}
