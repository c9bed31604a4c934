// @generated automatically by Diesel CLI.

diesel::table! {
    catalogues (organization_id) {
        organization_id -> Uuid,
        revision -> Int4,
    }
}

diesel::table! {
    directories (organization_id) {
        organization_id -> Uuid,
        revision -> Uuid,
    }
}

diesel::table! {
    group_members (organization_id, group_id, user_id) {
        organization_id -> Uuid,
        group_id -> Uuid,
        user_id -> Uuid,
    }
}

diesel::table! {
    groups (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        role -> Nullable<Text>,
        created_at -> Timestamptz,
        managed -> Bool,
        external_id -> Nullable<Text>,
        version -> Int4,
        modified_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (organization_id, caller, key) {
        organization_id -> Uuid,
        caller -> Uuid,
        key -> Bytea,
        request -> Bytea,
        answer -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    instances (id) {
        id -> Uuid,
        name -> Text,
        lease_until -> Timestamptz,
    }
}

diesel::table! {
    invitations (id) {
        id -> Uuid,
        digest -> Bytea,
        organization_id -> Uuid,
        email -> Text,
        name -> Text,
        role -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        user_id -> Nullable<Uuid>,
        renews_password -> Bool,
    }
}

diesel::table! {
    journal (id) {
        id -> Uuid,
        organization_id -> Uuid,
        at -> Timestamptz,
        author_id -> Nullable<Uuid>,
        author_name -> Text,
        action -> Text,
        subject_id -> Uuid,
        subject_name -> Text,
        changes -> Jsonb,
        author_token_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    known_browsers (digest) {
        digest -> Bytea,
        user_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    mcp_servers (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        url -> Text,
        description -> Text,
        created_at -> Timestamptz,
        version -> Int4,
    }
}

diesel::table! {
    memberships (organization_id, user_id) {
        organization_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        created_at -> Timestamptz,
        deactivated_at -> Nullable<Timestamptz>,
        search -> Text,
        has_joined -> Bool,
        version -> Int4,
        known_as -> Nullable<Text>,
        last_sign_in_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    operations (resource_id, position) {
        resource_id -> Uuid,
        position -> Int4,
        name -> Text,
        methods -> Array<Text>,
        place -> Text,
        scope -> Text,
    }
}

diesel::table! {
    organizations (id) {
        id -> Uuid,
        name -> Text,
        slug -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    products (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        key -> Text,
        created_at -> Timestamptz,
        version -> Int4,
    }
}

diesel::table! {
    resources (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        path -> Nullable<Text>,
        preflight -> Bool,
        version -> Int4,
    }
}

diesel::table! {
    scim_documents (organization_id, user_id) {
        organization_id -> Uuid,
        user_id -> Uuid,
        document -> Jsonb,
    }
}

diesel::table! {
    scim_users (organization_id, user_id) {
        organization_id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
        modified_at -> Timestamptz,
        version -> Int4,
        active -> Bool,
        provisioned -> Bool,
        user_type -> Nullable<Text>,
        title -> Nullable<Text>,
        department -> Nullable<Text>,
        emails -> Nullable<Text>,
        user_name_folded -> Text,
        user_name_reversed -> Text,
        display_name -> Nullable<Text>,
        family_name -> Nullable<Text>,
        given_name -> Nullable<Text>,
        formatted_name -> Nullable<Text>,
        external_id -> Nullable<Text>,
        employee_number -> Nullable<Text>,
        nick_name -> Nullable<Text>,
        manager -> Nullable<Text>,
        cost_center -> Nullable<Text>,
        organization -> Nullable<Text>,
        division -> Nullable<Text>,
        preferred_language -> Nullable<Text>,
        locale -> Nullable<Text>,
        timezone -> Nullable<Text>,
        user_name -> Text,
    }
}

diesel::table! {
    scim_values (organization_id, user_id, attribute, number) {
        organization_id -> Uuid,
        user_id -> Uuid,
        attribute -> Text,
        number -> Int8,
        is_primary -> Nullable<Bool>,
        kind -> Nullable<Text>,
        value -> Nullable<Text>,
        display -> Nullable<Text>,
        formatted -> Nullable<Text>,
        street_address -> Nullable<Text>,
        locality -> Nullable<Text>,
        region -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Nullable<Text>,
        repeats_kind -> Bool,
    }
}

diesel::table! {
    secrets (digest) {
        digest -> Bytea,
        token_id -> Uuid,
        display -> Text,
        created_at -> Timestamptz,
        retires_at -> Nullable<Timestamptz>,
        is_foreign -> Bool,
        is_retired -> Bool,
    }
}

diesel::table! {
    sessions (digest) {
        digest -> Bytea,
        user_id -> Nullable<Uuid>,
        state -> Jsonb,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
    }
}

diesel::table! {
    sign_in_throttle (digest) {
        digest -> Bytea,
        failures -> Int4,
        last_attempt_at -> Timestamptz,
        blocked_until -> Timestamptz,
    }
}

diesel::table! {
    site (single) {
        single -> Bool,
        key -> Bytea,
    }
}

diesel::table! {
    token_usage (token_id) {
        token_id -> Uuid,
        organization_id -> Uuid,
        allowed -> Int8,
        denied -> Int8,
        last_used_at -> Nullable<Timestamptz>,
        last_used_from -> Nullable<Inet>,
        last_user_agent -> Nullable<Text>,
        standing -> Nullable<Text>,
        expires_sort -> Nullable<Timestamptz>,
        product_id -> Nullable<Uuid>,
        search -> Nullable<Text>,
        last_used_minute -> Timestamptz,
    }
}

diesel::table! {
    tokens (id) {
        id -> Uuid,
        organization_id -> Uuid,
        product_id -> Nullable<Uuid>,
        name -> Text,
        name_folded -> Text,
        display -> Text,
        standing -> Text,
        scopes -> Nullable<Array<Text>>,
        ip_ranges -> Array<Cidr>,
        expires_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        responsible_id -> Nullable<Uuid>,
        created_by_name -> Text,
        version -> Int4,
        expires_sort -> Timestamptz,
        search -> Text,
        owner_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    usage_batch (number) {
        number -> Int8,
        is_one -> Bool,
        entries -> Array<Int8>,
        added_to -> Nullable<Uuid>,
        advanced_at -> Timestamptz,
    }
}

diesel::table! {
    usage_days (token_id, day) {
        token_id -> Uuid,
        day -> Date,
        allowed -> Int8,
        denied -> Int8,
    }
}

diesel::table! {
    usage_hours (token_id, hour, code, operation, network) {
        token_id -> Uuid,
        hour -> Timestamptz,
        code -> Text,
        operation -> Text,
        network -> Cidr,
        calls -> Int8,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    usage_log (id) {
        id -> Int8,
        logged_at -> Timestamptz,
        tokens -> Array<Uuid>,
        hours -> Array<Timestamptz>,
        codes -> Array<Text>,
        operations -> Array<Text>,
        networks -> Array<Cidr>,
        calls -> Array<Int8>,
        last_at -> Array<Timestamptz>,
        used -> Array<Uuid>,
        used_at -> Array<Timestamptz>,
        used_from -> Array<Inet>,
        user_agents -> Array<Text>,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        created_at -> Timestamptz,
        provisioned_by -> Nullable<Uuid>,
    }
}

diesel::joinable!(catalogues -> organizations (organization_id));
diesel::joinable!(directories -> organizations (organization_id));
diesel::joinable!(groups -> organizations (organization_id));
diesel::joinable!(idempotency_keys -> organizations (organization_id));
diesel::joinable!(invitations -> organizations (organization_id));
diesel::joinable!(journal -> organizations (organization_id));
diesel::joinable!(known_browsers -> users (user_id));
diesel::joinable!(mcp_servers -> organizations (organization_id));
diesel::joinable!(memberships -> organizations (organization_id));
diesel::joinable!(memberships -> users (user_id));
diesel::joinable!(operations -> resources (resource_id));
diesel::joinable!(products -> organizations (organization_id));
diesel::joinable!(resources -> catalogues (organization_id));
diesel::joinable!(secrets -> tokens (token_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(token_usage -> tokens (token_id));
diesel::joinable!(tokens -> organizations (organization_id));
diesel::joinable!(tokens -> products (product_id));
diesel::joinable!(usage_days -> tokens (token_id));
diesel::joinable!(usage_hours -> tokens (token_id));

diesel::allow_tables_to_appear_in_same_query!(
    catalogues,
    directories,
    group_members,
    groups,
    idempotency_keys,
    instances,
    invitations,
    journal,
    known_browsers,
    mcp_servers,
    memberships,
    operations,
    organizations,
    products,
    resources,
    scim_documents,
    scim_users,
    scim_values,
    secrets,
    sessions,
    sign_in_throttle,
    site,
    token_usage,
    tokens,
    usage_batch,
    usage_days,
    usage_hours,
    usage_log,
    users,
);
