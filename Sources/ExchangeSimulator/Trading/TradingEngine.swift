import Trading

/// Accounts, orders and trades: everything private that the exchange knows. Pure: what happens follows from the market, which is
/// a function of time, and from what is asked at which moment.
struct TradingEngine: Sendable {
    /// A moment, as the parts of an exchange see it.
    struct Moment: Sendable, Hashable {
        /// Decides what things cost.
        let market: Timestamp
        /// What is written on orders and trades.
        let exchange: Timestamp
        /// Since the server's start, on its own clock.
        let elapsed: Duration
    }

    /// The latest order of an account in a market under a client id.
    struct ClientKey: Sendable, Hashable {
        let account: Int
        let symbol: Symbol
        let clientOrderID: String
    }

    let market: any Market
    let liquidity: Int
    var accounts: [TradingAccount] = []
    private var accountOfKey: [String: Int] = [:]
    /// By symbol; the n-th has the id n.
    var orders: [Symbol: [SimulatedOrder]] = [:]
    var trades: [Symbol: [SimulatedTrade]] = [:]
    /// Ids of the orders that rest, oldest first.
    var open: [Symbol: [Int64]] = [:]
    var latest: [ClientKey: Int64] = [:]
    private var reports: Int64 = 0

    init(market: any Market, liquidity: Int) {
        self.market = market
        self.liquidity = liquidity
    }

    // MARK: Accounts

    func account(ofKey key: String) -> Int? { accountOfKey[key] }

    mutating func add(_ configuration: AccountConfiguration) {
        accountOfKey[configuration.apiKey] = accounts.count
        accounts.append(TradingAccount(configuration))
    }

    /// Changes an account that exists: its settings, and what it has free of the assets that are named.
    mutating func change(_ id: Int, to configuration: AccountConfiguration, at moment: Moment) -> [AccountEvent] {
        accounts[id].configuration = configuration
        guard !configuration.balances.isEmpty else { return [] }
        for (asset, amount) in configuration.balances { accounts[id].set(asset, free: amount) }
        return [position(of: id, configuration.balances.keys.sorted(), at: moment)]
    }

    // MARK: Telling

    mutating func report(
        _ execution: AccountEvent.Execution,
        of order: SimulatedOrder,
        trade: SimulatedTrade? = nil,
        cancelID: String? = nil,
        at moment: Moment
    ) -> AccountEvent {
        reports += 1
        return .report(execution, of: order, trade: trade, cancelID: cancelID, id: reports, at: moment.exchange)
    }

    mutating func position(of account: Int, _ assets: [String], at moment: Moment) -> AccountEvent {
        accounts[account].updateTime = moment.exchange
        let balances = assets.map { (asset: $0, accounts[account].balance($0)) }
        return .position(account, balances, at: moment.exchange)
    }

    /// The assets that an order may have moved.
    func assets(of order: SimulatedOrder) -> [String] {
        guard let instrument = market.instrument(order.symbol) else { return [] }
        let third = accounts[order.account].configuration.commissionAsset
        return [instrument.baseAsset, instrument.quoteAsset]
            + (third.map { [instrument.baseAsset, instrument.quoteAsset].contains($0) ? [] : [$0] } ?? [])
    }

    func book(_ instrument: Instrument, at moment: Moment) -> OrderBook? {
        market.price(instrument.symbol, at: moment.market).map {
            OrderBook(instrument, price: $0, liquidity: liquidity)
        }
    }
}
