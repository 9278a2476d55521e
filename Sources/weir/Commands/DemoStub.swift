import ArgumentParser
struct Demo: AsyncParsableCommand {}
struct DemoBackend: AsyncParsableCommand {}
