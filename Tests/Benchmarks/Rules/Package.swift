// swift-tools-version: 6.2
import PackageDescription

// Weir's side of the rules benchmark; `../run --only rules` builds it.
let package = Package(
  name: "Rules",
  dependencies: [.package(name: "weir", path: "../../..")],
  targets: [
    .executableTarget(
      name: "Expressions", dependencies: [.product(name: "WeirPure", package: "weir")], path: "Sources",
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
      ])
  ]
)
