package import Trading

extension RiskLimits {
    /// As they stand in the database.
    package init(storedText text: String) throws {
        do {
            self = try JSONTextDecoder.value(from: text)
        } catch {
            throw StoreError(
                .unreadable,
                "its limits were written by another version of Tenure: upgrade this replica, or stop the strategy"
            )
        }
    }

    /// JSON, without those that there are not.
    package var jsonText: String {
        get throws { try JSONTextEncoder.text(of: self) }
    }
}
